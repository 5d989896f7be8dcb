"""Named mistakes of each chapter, as wrong answers. Only the judge and the tests import them."""
