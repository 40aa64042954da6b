"""Tables times cluster: the checks. Nothing here touches the network."""
