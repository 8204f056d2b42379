"""The page. Nothing outside of this folder imports gradio, and nothing in it calculates."""
