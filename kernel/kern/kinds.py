"""Kinds of kernel objects behind ports (Mach 3.0's IKOT_* numbers, kern/ipc_kobject.h)."""

IKOT_NONE = 0
IKOT_THREAD = 1
IKOT_TASK = 2
IKOT_HOST = 3
IKOT_HOST_PRIV = 4
IKOT_PROCESSOR = 5
IKOT_PSET = 6
IKOT_PSET_NAME = 7
IKOT_PAGER = 8
IKOT_PAGER_TERMINATING = 9
IKOT_PAGING_REQUEST = 10
IKOT_PAGING_NAME = 11
IKOT_DEVICE = 12
IKOT_XMM_PAGER = 13
IKOT_XMM_OBJECT = 14
IKOT_XMM_KERNEL = 15
IKOT_XMM_REPLY = 16
# Kinds that Mach 3.0 does not have
IKOT_EXCEPTION_REPLY = 64  # where exception servers answer
IKOT_BOOTSTRAP = 65  # where the first task gets its privileged ports
