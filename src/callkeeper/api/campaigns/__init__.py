"""The interfaces of campaigns and business results."""
