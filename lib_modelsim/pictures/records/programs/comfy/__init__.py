"""ComfyUI's graphs: nodes and links, what is loaded in them, and which of it drew the picture."""
