"""The console: pages for the people who keep the promises."""
