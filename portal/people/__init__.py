"""People: how they come in, prove who they are, join a workspace and leave. Who may do what: portal/admin/roles.py."""
