"""What is wrong with the program, the project, the cluster, the rights and the mesh, and what mends it.

    examination   looks everything up, as far as it gets           examination.py
    areas         one file an area: its facts, and a table of pure functions that judge them
                  machine.py, project.py, cluster.py, namespace.py, rights.py, istio.py, local.py

It writes nothing: what it sends are questions, and reviews of rights, which the server does not store.
"""

from __future__ import annotations

from meshctl.doctor.examination import Means, examine
from meshctl.doctor.finding import Finding, State

__all__ = ["Finding", "Means", "State", "examine"]
