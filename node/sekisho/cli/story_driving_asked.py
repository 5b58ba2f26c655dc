"""What the driving story's insurer asks, and the same over all the files in one place."""

from typing import Final

from sekisho.cli.story_driving_data import MAKERS

RISK: Final = """
SELECT road_type, model_year, sum(km) AS km,
       1000 * sum(hard_brakes) / sum(km) AS hard_brakes,
       1000 * sum(near_collisions) / sum(km) AS near_collisions
FROM trips
GROUP BY road_type, model_year
ORDER BY road_type, model_year
""".strip()
"""Over all three carmakers' trips; no company could answer it alone."""

CLAIMS: Final = """
WITH driven AS (
  SELECT provider, model_year, road_type, sum(km) AS km FROM trips
  GROUP BY provider, model_year, road_type
), fleets AS (
  SELECT provider, model_year, count(DISTINCT vehicle_id) AS vehicles FROM trips
  GROUP BY provider, model_year
), insured AS (
  SELECT maker, model_year - model_year % 2 AS model_year, count(*) AS policies
  FROM local.policies GROUP BY 1, 2
), exposure AS (
  SELECT d.road_type, d.model_year, 36 * sum(d.km / f.vehicles * i.policies) / 1000000 AS million_km
  FROM driven AS d
  JOIN fleets AS f ON d.provider = f.provider AND d.model_year = f.model_year
  JOIN insured AS i ON d.provider = i.maker AND d.model_year = i.model_year
  GROUP BY 1, 2
), claimed AS (
  SELECT road_type, model_year - model_year % 2 AS model_year, count(*) AS claims
  FROM local.claims GROUP BY 1, 2
)
SELECT e.road_type, e.model_year, e.million_km, c.claims,
       c.claims / e.million_km AS claims_per_million_km
FROM exposure AS e
JOIN claimed AS c ON e.road_type = c.road_type AND e.model_year = c.model_year
ORDER BY e.road_type, e.model_year
""".strip()
"""How far its customers drove in 36 months is not known; a mean vehicle's way times policies is."""

REGIONS: Final = """
WITH vehicles AS (
  SELECT provider, vehicle_id, region, sum(hard_brakes) AS brakes, sum(km) AS km
  FROM panel GROUP BY 1, 2, 3
), driving AS (
  SELECT region, count(*) AS vehicles, 1000 * sum(brakes) / sum(km) AS hard_brakes,
         quantile_cont(1000 * brakes / km, 0.1) AS calmest_tenth,
         quantile_cont(1000 * brakes / km, 0.9) AS roughest_tenth
  FROM vehicles GROUP BY 1
), insured AS (
  SELECT region, count(*) AS policies FROM local.policies GROUP BY 1
), claimed AS (
  SELECT region, count(*) AS claims FROM local.claims GROUP BY 1
)
SELECT d.region, d.vehicles, d.hard_brakes, d.calmest_tenth, d.roughest_tenth,
       1000 * c.claims / i.policies / 3 AS yearly_claims
FROM driving AS d
JOIN insured AS i ON d.region = i.region
JOIN claimed AS c ON d.region = c.region
ORDER BY d.region
""".strip()
"""How much drivers differ takes rows: figures about single vehicles are in no statistics."""

CUSTOMERS: Final = """
SELECT count(DISTINCT p.vehicle_id) AS customers
FROM panel AS p JOIN local.policies AS i ON p.vehicle_id = i.vehicle_id
""".strip()
"""The insurer knows the number that is stamped on each vehicle that it insures."""

BY_VEHICLE: Final = """
SELECT vehicle_id, avg(hard_brakes) AS hard_brakes FROM trips GROUP BY vehicle_id
""".strip()

_TRIPS, _PANEL = (
    " UNION ALL ".join(f"SELECT '{name}' AS provider, * FROM data.{name}_{kind}" for name in MAKERS)
    for kind in ("trips", "panel")
)
_IN_PLACE: Final = {
    "FROM trips": (
        f"FROM (SELECT * REPLACE (model_year - model_year % 2 AS model_year) FROM ({_TRIPS}))"
    ),
    "FROM panel": (
        f"FROM (SELECT * REPLACE (round(km::DOUBLE) AS km) FROM ({_PANEL}) WHERE consent)"
    ),
    "local.": "data.",
}
"""What the contracts' masks and row filter come to; bounds, thresholds, rounding left out."""


def over_the_files(sql: str) -> str:
    """Give a question as it reads where all files are in one place."""
    for governed, plain in _IN_PLACE.items():
        sql = sql.replace(governed, plain)
    return sql
