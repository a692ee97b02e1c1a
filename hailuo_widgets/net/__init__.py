"""All that touches the network: calls to vendors by httpx, downloads by urllib3, and the client that drives a wire."""
