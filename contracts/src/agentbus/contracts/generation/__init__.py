"""Everything that is generated from the contracts' models and topics, and the rules that they must keep.

Called by `contracts/generate.py` (`make contracts`) and by the contract tests; no service imports it.
"""
