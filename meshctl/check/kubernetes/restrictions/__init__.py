"""What the API server asks of objects beyond the types of their fields, by type of the schema."""

from collections.abc import Mapping

from meshctl.check.kubernetes.restrictions.access import ACCESS
from meshctl.check.kubernetes.restrictions.constraints import Constraint, Trouble
from meshctl.check.kubernetes.restrictions.containers import CONTAINERS
from meshctl.check.kubernetes.restrictions.data import DATA
from meshctl.check.kubernetes.restrictions.downward import DOWNWARD
from meshctl.check.kubernetes.restrictions.network import NETWORK
from meshctl.check.kubernetes.restrictions.pods import PODS
from meshctl.check.kubernetes.restrictions.quotas import QUOTAS
from meshctl.check.kubernetes.restrictions.scaling import SCALING
from meshctl.check.kubernetes.restrictions.security import SECURITY
from meshctl.check.kubernetes.restrictions.selectors import SELECTORS
from meshctl.check.kubernetes.restrictions.volumes import VOLUMES
from meshctl.check.kubernetes.restrictions.workloads import WORKLOADS

RESTRICTIONS: Mapping[str, tuple[Constraint, ...]] = {
    **ACCESS,
    **CONTAINERS,
    **DATA,
    **DOWNWARD,
    **NETWORK,
    **PODS,
    **QUOTAS,
    **SCALING,
    **SECURITY,
    **SELECTORS,
    **VOLUMES,
    **WORKLOADS,
}

__all__ = ["RESTRICTIONS", "Constraint", "Trouble"]
