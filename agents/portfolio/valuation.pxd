# Nothing of this is in C: it is compiled as it is called at each fill.
