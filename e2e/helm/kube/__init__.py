"""An API server of Kubernetes, played: what helm and kubectl talk to in tests. See `server.py`."""

from .server import Cluster

__all__ = ["Cluster"]
