"""Values and decisions. Nothing here asks for the time, draws chance or touches the outside."""
