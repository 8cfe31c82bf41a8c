"""Tables with exact totals: which cells must be withheld so that sums give nothing away, and the audit that shows it."""
