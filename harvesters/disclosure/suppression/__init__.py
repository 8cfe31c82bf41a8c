"""Tables with exact totals: which cells to withhold so that sums give nothing away, and the audit that shows it."""
