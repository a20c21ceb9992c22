"""The stability baseline of gate 4: which days count, how long the run is, what a day costs."""
