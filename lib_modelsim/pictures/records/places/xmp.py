"""XMP: RDF in XML, whose properties hold texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from ..texts import LONGEST

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES = {
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
}
"""What a program calls a namespace is its own business; these are the names everybody knows them by."""


def xmp_properties(packet: str) -> Iterator[tuple[str, str]]:
    """Name ("dc:description") and text of each property that has one. Raises ValueError for what is no XMP.

    Source: XMP Specification Part 1, section 7: a simple property is an attribute of rdf:Description or an element,
    a list (rdf:Alt, rdf:Bag, rdf:Seq) has its texts in rdf:li.
    """
    if len(packet) > LONGEST:
        raise ValueError(f"{len(packet):,} characters, too many to read")
    if re.search(r"<!(DOCTYPE|ENTITY)", packet, re.IGNORECASE):  # XMP has none; they can name files and unpack to much
        raise ValueError("it defines entities")
    try:
        root = ElementTree.fromstring(packet.strip("\0\ufeff \r\n\t"))  # noqa: S314 - no entities, see above
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    for description in root.iter(f"{_RDF}Description"):
        for name, value in description.attrib.items():
            if not name.startswith(_RDF) and value:
                yield _called(name), value
        for element in description:
            items = [item.text for item in element.iter(f"{_RDF}li") if item.text and item.text.strip()]
            if element.find(f"{_RDF}Alt") is not None:  # the same in several languages
                items = items[:1]
            text = ", ".join(items) or element.text
            if text and text.strip():
                yield _called(element.tag), text


def _called(name: str) -> str:
    namespace, _, local = name.removeprefix("{").rpartition("}")
    return f"{_PREFIXES[namespace]}:{local}" if namespace in _PREFIXES else local
