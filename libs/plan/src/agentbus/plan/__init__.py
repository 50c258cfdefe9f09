"""Pure rules over a plan's log: the accepted order, and the plan as its messages tell it."""
