"""Self-contained HTML pages: style, figures, tables and words that the reports of this project share."""
