"""Campaigns: when and how calls are made, and what agents may file."""
