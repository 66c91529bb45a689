"""The colours of pictures and figures, told apart by the colour-blind."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F")
"""Okabe and Ito's palette, its yellow (unseen on white) left out and gray added."""
