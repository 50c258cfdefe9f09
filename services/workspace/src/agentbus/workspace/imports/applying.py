"""Runs an import: reads what came, decides, and writes all of it in one transaction, or nothing (E1-E4).

Guarantee: an import that is answered as `applied` is in the database, read again and compared before the
commit; after any error, also a broken connection or a killed process, nothing of it is. The same data again
changes nothing. Two at once, as of two tabs, run one after the other. Called by `routes`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched_by
