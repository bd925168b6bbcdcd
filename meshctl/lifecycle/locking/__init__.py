"""Keeps runs over the same services apart: one Lease a project in the namespace, whose annotation says who has what."""

from meshctl.lifecycle.locking.claims import EVERYTHING as EVERYTHING
from meshctl.lifecycle.locking.claims import Lost as Lost
from meshctl.lifecycle.locking.holder import claim_of_this_process as claim_of_this_process
from meshctl.lifecycle.locking.holding import acquire as acquire
from meshctl.lifecycle.locking.holding import loss as loss
from meshctl.lifecycle.locking.ledger import Ledger as Ledger
from meshctl.lifecycle.locking.lock import Lock as Lock
