"""Local recoding of microdata: values are replaced by nodes of published hierarchies until every class is large enough.

Two searches share one idea of a class (`rules`): `cover` for tables that fit a search over all level combinations, and
`partition` (Mondrian, bound to the hierarchies) for tables of millions of rows. Each has a kernel in numba, used when
that is installed, and one in numpy with the identical result.
"""
