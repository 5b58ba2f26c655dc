-- The world of the driving story: which vehicles there are, how they are driven, and what befalls them.
-- README.md says in a few lines what is true of it. Set the variable `seed` first.

-- A number that depends on the seed, on what it is drawn for and on the kind of draw (0 to 31), and on
-- nothing else: not on the order of rows, nor on how many threads work.
CREATE MACRO drawn(number, kind) AS hash(getvariable('seed') * 1099511627776 + number * 32 + kind);

-- The same between 0 and 1.
CREATE MACRO chance(number, kind) AS ((drawn(number, kind) >> 11)::DOUBLE + 0.5) / 9007199254740992;

-- 0, 1, 2, … times, ever more seldom, with a given mean.
CREATE MACRO times(mean, chance) AS floor(ln(chance) / ln(mean / (1 + mean)))::SMALLINT;

-- A value with a given mean, ever more seldom the larger it is.
CREATE MACRO spread(mean, chance) AS -ln(chance) * mean;

CREATE TABLE makers AS FROM (VALUES
    ('aster', 'AST', 0.85), ('borea', 'BOR', 1.00), ('cirrus', 'CIR', 1.24)
) AS t(maker, prefix, maker_factor);

-- Kilometres of a mean trip; hard brakings and near-collisions in 1,000 km; claims in 1,000,000 km, and what
-- a mean claim comes to.
CREATE TABLE roads AS FROM (VALUES
    ('motorway',    40,  4, 0.2,  4, 9000),
    ('rural',       15,  9, 0.5,  6, 6000),
    ('urban',        7, 30, 2.0, 20, 2500),
    ('residential',  4, 20, 1.5, 18, 1500)
) AS t(road_type, mean_km, brakes, near, claims, mean_amount);

-- By two model years: what multiplies hard brakings, and what near-collisions and claims.
CREATE TABLE years AS FROM (VALUES
    (2014, 1.10, 1.40), (2016, 1.05, 1.20), (2018, 1.00, 1.00), (2020, 0.95, 0.70)
) AS t(two_years, brakes_factor, near_factor);

CREATE TABLE regions AS FROM (VALUES
    ('north', 0.00, 0.25, 0.8), ('east', 0.25, 0.55, 1.0),
    ('south', 0.55, 0.80, 1.2), ('west', 0.80, 1.00, 1.0)
) AS t(region, place_from, place_to, region_factor);

-- Two vehicles share a hundred trips, so that each has 20 to 80 of them.
CREATE MACRO vehicle_of(trip) AS
    trip // 100 * 2 + (trip % 100 >= 20 + floor(chance(trip // 100, 0) * 61))::BIGINT;

-- The trips numbered `first` to `past - 1`, which are a maker's, with all that is true of them. No company
-- knows the whole.
CREATE MACRO world(of_maker, first, past) AS TABLE
WITH numbered AS (
    SELECT range AS trip, vehicle_of(range) AS vehicle,
        range % 100 = 0 OR vehicle_of(range - 1) <> vehicle_of(range) AS is_first
    FROM range(first, past)
), vehicles AS (
    SELECT *,
        (2014 + floor(chance(vehicle, 1) * 8))::SMALLINT AS model_year,
        model_year - model_year % 2 AS two_years,
        chance(vehicle, 2) AS place,
        0.4 + 1.2 * chance(vehicle, 3) AS driver_factor,
        chance(vehicle, 4) < 0.25 AS is_insured,
        chance(vehicle, 5) < 0.8 AS consent,
        chance(vehicle, 6) AS drive,
        CASE WHEN drive < 0.04 * (model_year - 2013) THEN 'electric' WHEN drive < 0.5 THEN 'hybrid'
             WHEN drive < 0.7 THEN 'diesel' ELSE 'petrol' END AS powertrain,
        printf('%s%d', upper(of_maker[1]), 10 + floor(chance(vehicle, 7) * 6)::INTEGER * 10) AS model
    FROM numbered
), ways AS (
    SELECT *,
        chance(trip, 10) AS way, 0.10 + 0.01 * (model_year - 2014) AS motorways,
        CASE WHEN way < motorways THEN 'motorway' WHEN way < motorways + 0.3 THEN 'rural'
             WHEN way < 0.8 THEN 'urban' ELSE 'residential' END AS road_type,
        chance(trip, 11) < 0.15 AS at_night,
        CASE WHEN at_night THEN 1.4 ELSE 0.79 / 0.85 END AS night_factor
    FROM vehicles
), drives AS (
    SELECT *,
        greatest(least(spread(mean_km, chance(trip, 12)), 300), 0.1)::DECIMAL(4, 1) AS km,
        maker_factor * region_factor * night_factor * driver_factor AS factor
    FROM ways
    JOIN roads USING (road_type) JOIN years USING (two_years)
    JOIN regions ON place >= place_from AND place < place_to
    JOIN makers ON maker = of_maker
)
SELECT *,
    times(km * brakes * brakes_factor * factor / 1000, chance(trip, 13)) AS hard_brakes,
    times(km * near * near_factor * factor / 1000, chance(trip, 14)) AS near_collisions,
    -- Of 36 months, of which the trips' month is the last.
    36 * km * claims * near_factor * factor / 1000000 AS claims_to_expect
FROM drives;

-- What is stamped on a vehicle: its maker knows it, and its insurer.
CREATE MACRO stamped(prefix, vehicle) AS upper(printf('%s%014x', prefix, drawn(vehicle, 8) >> 8));

-- What a carmaker holds.
CREATE MACRO telematics(of_maker, first, past) AS TABLE
SELECT
    stamped(prefix, vehicle) AS vehicle_id,
    model, model_year, powertrain, region,
    TIMESTAMP '2026-06-01 06:00:00' + to_days(floor(chance(trip, 15) * 30)::INTEGER) + to_minutes(
        CASE WHEN at_night THEN 960 + floor(chance(trip, 16) * 480)
             ELSE floor(chance(trip, 16) * 960) END::INTEGER
    ) AS started_at,
    at_night, road_type, km, hard_brakes, near_collisions, consent
FROM world(of_maker, first, past);

-- What an insurer holds of a maker's vehicles.
CREATE MACRO policies(of_maker, first, past) AS TABLE
SELECT
    printf('P%010x', drawn(vehicle, 9) >> 24) AS policy, stamped(prefix, vehicle) AS vehicle_id,
    maker, model, model_year, region
FROM world(of_maker, first, past) WHERE is_insured AND is_first;

CREATE MACRO claims(of_maker, first, past) AS TABLE
SELECT
    printf('P%010x', drawn(vehicle, 9) >> 24) AS policy, maker, model, model_year, region,
    DATE '2023-07-01' + floor(chance(trip, 18) * 1096)::INTEGER AS claimed_on,
    road_type, (100 + spread(mean_amount - 100, chance(trip, 19)))::DECIMAL(9, 2) AS amount
FROM world(of_maker, first, past) WHERE is_insured AND chance(trip, 17) < claims_to_expect;
