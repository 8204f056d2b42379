"""Where programs put records into a picture file: one file a place, all of them gathered in `collecting`."""
