"""The cell-key method: noise that depends only on who is in a cell, drawn from a table built once.

Sources: Thompson, Broadfoot and Elazar (UNECE 2013) for keys of records and cells; Giessing (PSD 2016, LNCS 9867) for
perturbation tables of maximum entropy; Giessing and Tent (UNECE 2019) for magnitudes.
"""
