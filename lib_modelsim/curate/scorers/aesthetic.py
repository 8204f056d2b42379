"""aesthetic: how much people may like a picture, by improved-aesthetic-predictor.

Source: christophschuhmann/improved-aesthetic-predictor, sac+logos+ava1-l14-linearMSE.pth (3.7 MB): five linear layers
on vectors of OpenAI's ViT-L/14 of length 1, trained on ratings from 1 to 10 of SAC, LAION-Logos and AVA.
"""

from __future__ import annotations

from .heads import head_named
from .scorer import ScorerKind

KIND = ScorerKind(
    "aesthetic",
    "aesthetic score",
    "others liked such pictures more, 1 to 10 as a rule; it knows nothing of the prompt",
    lambda which, tools: head_named("aesthetic", which, tools),
    takes="FILE.pth",
    needs_clip=True,
    needs_openai=True,
)
