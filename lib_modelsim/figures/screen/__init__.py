"""Arrays → SVG text for the page, in the host's colours and fonts, which `javascript/modelsim.js` makes interactive."""
