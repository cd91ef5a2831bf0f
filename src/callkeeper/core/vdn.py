"""The VDN, the tenant: its number goes from 1 to this."""

VDN_MAX = 9999
