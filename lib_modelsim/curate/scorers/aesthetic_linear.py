"""aesthetic-linear: how much people may like a picture, by LAION's linear head.

Source: LAION-AI/aesthetic-predictor, sa_0_4_vit_l_14_linear.pth (4 kB): one linear layer on vectors of OpenAI's
ViT-L/14 of length 1, trained on 4,000 ratings of generated pictures.
"""

from __future__ import annotations

from .heads import head_named
from .scorer import ScorerKind

KIND = ScorerKind(
    "aesthetic-linear",
    "aesthetic score, linear",
    "others liked such pictures more, 0 to 10 as a rule; it knows nothing of the prompt",
    lambda which, tools: head_named("aesthetic-linear", which, tools),
    takes="FILE.pth",
    needs_clip=True,
    needs_openai=True,
)
