"""All that touches the network, and its limits."""
