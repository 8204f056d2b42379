"""What generates pictures: diffusers, a WebUI by HTTP, the WebUI from inside."""
