"""One admission note, section by section."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from agreements.grammar import Builder, Piece
from agreements.values import Dice

from admissions.expander import Expander, join, numbered
from admissions.wording import Wording

HEADINGS = ("{title}：", "{title}：", "【{title}】", "{title}:", "{n}、{title}：")
HEADINGS_TEST = (*HEADINGS, "◆{title} ")
NUMBERS = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
# A part of the normal examination is left out if the complaint or the special findings
# match this.
PARTS = {
    "chest": "肺|胸|啰音|呼吸",
    "heart": "心|脉",
    "belly": "腹|肝|脾|肠|移动|肾|肌紧张|Murphy|反跳|膀胱|麦氏",
    "limbs": "肢|水肿|巴氏|腿|足|关节|肌力|感觉|髋|直腿|趾",
}
STAGES = ((23, "single"), (40, "young"), (55, "adult"))


@dataclass
class Note:
    """One note in the making.

    wording (Wording): What it is made of.
    case (str): The case that it is about.
    split (str): The split that it is for.
    """

    wording: Wording
    case: str
    split: str
    dice: Dice
    expander: Expander = field(init=False)

    def __post_init__(self) -> None:
        dice = self.dice
        low, high = map(int, self._given("Age", "18-80").split("-"))
        age = dice.between(low, high)
        sex = self._given("Sex", dice.choice("男女"))
        english = {"男": "male", "女": "female"}[sex]
        stage = next((name for n, name in STAGES if age < n), "older")
        scopes = [self.case, f"{stage}_{english}", stage, english]
        if stage == "single":
            scopes.append("young")
        day = date(2019, 1, 7) + timedelta(days=dice.between(0, 2300))
        settled = {"Age": Piece(str(age)), "Sex": Piece(sex)}
        rules = self.wording.rules
        self.expander = Expander(rules, dice, self.split, scopes, day, settled)

    def _given(self, name: str, default: str) -> str:
        """What the case says once and for all."""
        options = self.wording.rules.get(f"{self.case}.{name}")
        return options[0].text if options else default

    def make(self) -> Piece:
        """The whole note."""
        dice, out = self.dice, Builder()
        heading = dice.choice(HEADINGS_TEST if self.split == "test" else HEADINGS)
        joint = dice.choice(("", "", "\n"))
        gap = dice.choice(("\n", "\n\n"))
        if dice.chance(0.5):
            out.write(dice.choice(("入院记录", "入 院 记 录", "住院病历")) + gap)
        for n, (title, piece) in enumerate(self.sections()):
            if title:
                mark = heading.format(title=title, n=NUMBERS[n - 1])
                out.write(mark + (joint or ("\n" if "\n" in piece.text else "")))
            out.insert(piece)
            out.write(gap)
        return self.roughened(out.build())

    def sections(self) -> list[tuple[str, Piece]]:
        """Headings and texts, in their order."""
        dice, expand = self.dice, self.expander.expand
        made = [
            ("", expand("<general>")),
            ("主诉", expand("<chief>。")),
            ("现病史", expand("<illness>")),
            ("既往史", expand("<past>")),
        ]
        others = [("个人史", "<life>"), ("婚育史", "<birth>"), ("家族史", "<family>")]
        made += [(title, expand(slot)) for title, slot in others if dice.chance(0.85)]
        special = self.expander.sample("sign", 2, 4)
        made.append(
            (dice.choice(("体格检查", "查体")), self.examination(made[1][1], special))
        )
        made.append(("专科情况", join([join(special, "，"), Piece("。")], "")))
        made.append(("辅助检查", expand("<findings>")))
        made.append((dice.choice(("初步诊断", "入院诊断")), self.diagnoses()))
        if dice.chance(0.8):
            title = dice.choice(("诊疗计划", "诊治计划"))
            made.append((title, self.plan()))
        return made

    def examination(self, complaint: Piece, special: list[Piece]) -> Piece:
        """The general examination, without what the complaint and the special findings
        have a say on."""
        found = "".join(piece.text for piece in (complaint, *special))
        names = [name for name, about in PARTS.items() if not re.search(about, found)]
        template = "<vitals><look>" + "".join(f"<{name}>。" for name in names)
        return self.expander.expand(template)

    def diagnoses(self) -> Piece:
        """The diagnoses, the main one first, without denied diseases."""
        sample, denied = self.expander.sample, self.expander.denied
        made = sample("dx", 1, 1)
        for piece in [*sample("more", 1, 2), *sample("also", 0, 2)]:
            # One kind of anaemia is enough.
            known = any(piece.text[-2:] == other.text[-2:] for other in made)
            if not known and not any(name in piece.text for name in denied):
                made.append(piece)
        return numbered(made)

    def plan(self) -> Piece:
        """The treatment: general care and that of the case, in any order."""
        sample = self.expander.sample
        pieces = self.dice.shuffled([*sample("care", 1, 2), *sample("plan", 2, 4)])
        end = Piece(self.dice.choice(("。", "；", "")))
        return numbered([join([piece, end], "") for piece in pieces])

    def roughened(self, piece: Piece) -> Piece:
        """Some notes are typed with the Latin comma and colon."""
        text = piece.text.rstrip("\n") + "\n"
        if self.dice.chance(0.15):
            text = text.replace("，", ",").replace("：", ":")
        return Piece(text, piece.spans)
