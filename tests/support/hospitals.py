"""Two hospitals and an institute over the real tests of `examples/hospitals`, under statistics."""

from pathlib import Path

from support.nodes import around_today

DATA = Path(__file__).parents[2] / "examples" / "hospitals"
COLUMNS = """
      age: {use: [group, filter], mask: {bucket: [0, 5, 12, 18]}}
      pandemic_day: {use: [group, filter]}
      gender: {use: [group, filter]}
      result: {use: [filter]}
      cycle_threshold: {use: [measure], clamp: [0, 50]}
      patient_id: {use: [join]}
"""


def hospital_section(path: Path) -> str:
    """The `datasets` of a hospital's node.yaml."""
    return f'  tests:\n    source: {{parquet: "{path}"}}\n    privacy_units: [patient_id]\n'


def statistics_text(
    *,
    providers: tuple[str, ...] = ("a",),
    columns: str = COLUMNS,
    disclosure: str = "",
    limits: str = "",
    title: str = "Tests by age",
    where: str = "",
) -> str:
    """A contract of statistics over the hospitals' tests."""
    parties = "".join(f"  - {{party: {name}.example, role: provider}}\n" for name in providers)
    datasets = ", ".join(f"{name}.example/tests" for name in providers)
    return "".join(
        (
            f"format: sekisho.contract/v1\ntitle: {title}\nparties:\n{parties}",
            "  - {party: lab.example, role: consumer}\n",
            'purposes:\n  - {purpose: reliability, means: "Where the virus goes"}\n',
            f"{around_today()}\ngrants:\n  - grant: tests\n    datasets: [{datasets}]\n",
            "    access: aggregate\n    privacy_units: [patient_id]\n",
            f'    where: "{where}"\n' if where else "",
            f"    columns:{columns}",
            f"    disclosure: {disclosure}\n" if disclosure else "",
            f"limits: {limits}\n" if limits else "",
        )
    )
