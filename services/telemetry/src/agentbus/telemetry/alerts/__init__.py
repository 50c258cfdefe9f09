"""Alerts: rules over executions, figures and metrics; states; who is told; recommendations (C5, H5)."""
