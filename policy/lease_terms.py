"""The terms on which money of hard caps is leased to routers."""

from datetime import timedelta
from decimal import Decimal

# So long may a router spend a lease, unless a cap that it is debited from starts anew before.
TTL = timedelta(seconds=60)
# So long before its end a router stops using it: clocks may differ by this much.
SKEW = timedelta(seconds=5)
# The most that one router holds on one lease, however much is left; one call may need more.
LARGEST_USD = Decimal(25)
# Usage of a day is final so many days later. What a lost lease never reported until then
# was not spent, as far as anybody can know.
FINAL_AFTER = timedelta(days=3)
# Over so many days the bound is compared with what really happened.
LOOKED_BACK = timedelta(days=30)
