"""What is saved under a checkpoint's name and is none: it is called by its name, with what to do."""

from __future__ import annotations

import pytest

from lib_modelsim.errors import CheckpointError

PAGE = b"<!DOCTYPE html>\n<html lang=en><head><title>Sign in</title></head><body>401</body></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2132625894\n"
KINDS = {
    "page": (PAGE, r"a web page \(HTML\).*signed in"),
    "page without doctype": (b"\n\n<html><body>" + b"x" * 3000, r"a web page \(HTML\)"),
    "page with a mark before it": (b"\xef\xbb\xbf  <!-- saved --> <!doctype HTML>" + b"x" * 3000, "web page"),
    "page in UTF-16": ("\ufeff<html><body>".encode("utf-16-le") + b"x\0" * 3000, "web page"),
    "XHTML": (b'<?xml version="1.0"?>\n<html xmlns="x">', "web page"),
    "LFS pointer": (POINTER, r"a Git LFS pointer.*2,132,625,894 bytes.*git lfs pull"),
    "JSON": (b'{"error": "Unauthorized"}', "a JSON text"),
    "one line": (b"Invalid username or password.", "begins with: Invalid username or password"),
    "a link of git's": (b"../checkpoints/model.safetensors", r"a link that git.*\.\./checkpoints/model\.safetensors"),
    "a link beside it": (b"model.ckpt\n", "a link that git.*leads to: model.ckpt"),
    "a link to a folder": (b"../../transformer", r"a link that git.*\.\./\.\./transformer"),
    "a link of Cygwin's": (b"!<symlink>" + "../model.safetensors".encode("utf-16") + b"\0\0", r"link.*\.\./model"),
    "gzip": (b"\x1f\x8b\x08\0" + b"\1" * 600, "compressed archive.*unpack"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c" + b"\1" * 600, "compressed archive"),
    "space that a download has taken": (b"\0" * 5000, "zeros alone.*did not finish"),
}


@pytest.mark.parametrize("ending", [".safetensors", ".ckpt", ".sft", ".gguf", ".bin"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_called_what_it_is_whatever_its_ending(opened, kind, ending):
    raw, words = KINDS[kind]
    with pytest.raises(CheckpointError, match=words) as caught:
        opened(raw, f"model{ending}")
    assert str(caught.value).isprintable()
    assert "Fix: " in str(caught.value)


def test_a_component_of_a_folder_says_it_too(tmp_path):
    from lib_modelsim.checkpoints.reader import open_checkpoint

    (tmp_path / "unet").mkdir()
    (tmp_path / "model_index.json").write_text("{}")
    (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(POINTER)
    with pytest.raises(CheckpointError, match=r"unet/diffusion_pytorch_model\.safetensors: this is a Git LFS pointer"):
        open_checkpoint(tmp_path)
