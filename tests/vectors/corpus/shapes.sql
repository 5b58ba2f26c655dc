-- What analysts write: windows, set operations, cohorts, gaps, shares, over the schema of TPC-H.
-- Shapes after TPC-DS, the h2o.ai group-by benchmark, the join order benchmark and common practice.

-- top three orders of each customer
SELECT o_custkey, o_orderkey, o_totalprice FROM orders
QUALIFY row_number() OVER (PARTITION BY o_custkey ORDER BY o_totalprice DESC, o_orderkey) <= 3
ORDER BY o_custkey, o_totalprice DESC, o_orderkey;
-- the same without QUALIFY
SELECT o_custkey, o_orderkey FROM (
  SELECT o_custkey, o_orderkey,
         rank() OVER (PARTITION BY o_custkey ORDER BY o_totalprice DESC, o_orderkey) AS r
  FROM orders) AS ranked WHERE r <= 3 ORDER BY 1, 2;
-- running total by month
WITH monthly AS (
  SELECT date_trunc('month', o_orderdate) AS m, sum(o_totalprice) AS total FROM orders GROUP BY 1)
SELECT m, total, sum(total) OVER (ORDER BY m) AS running,
       avg(total) OVER (ORDER BY m ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving
FROM monthly ORDER BY m;
-- change against the month before
WITH monthly AS (
  SELECT year(o_orderdate) AS y, month(o_orderdate) AS m, count(*) AS n FROM orders GROUP BY ALL)
SELECT y, m, n, n - lag(n) OVER (ORDER BY y, m) AS change,
       n / lag(n) OVER (ORDER BY y, m) - 1 AS growth
FROM monthly ORDER BY y, m;
-- year over year by a self join
WITH yearly AS (
  SELECT o_custkey, year(o_orderdate) AS y, sum(o_totalprice) AS total FROM orders GROUP BY 1, 2)
SELECT a.o_custkey, a.y, a.total, b.total AS before FROM yearly AS a
LEFT JOIN yearly AS b ON a.o_custkey = b.o_custkey AND a.y = b.y + 1 ORDER BY 1, 2;
-- share of the whole and of the group
SELECT n_name, r_name, count(*) AS customers,
       count(*) / sum(count(*)) OVER () AS of_all,
       count(*) / sum(count(*)) OVER (PARTITION BY r_name) AS of_region
FROM customer JOIN nation ON c_nationkey = n_nationkey JOIN region ON n_regionkey = r_regionkey
GROUP BY n_name, r_name ORDER BY customers DESC, n_name;
-- ABC classes
WITH parts AS (
  SELECT l_partkey, sum(l_extendedprice) AS revenue FROM lineitem GROUP BY l_partkey),
cumulated AS (
  SELECT l_partkey, sum(revenue) OVER (ORDER BY revenue DESC, l_partkey) / sum(revenue) OVER () AS share
  FROM parts)
SELECT CASE WHEN share <= 0.8 THEN 'A' WHEN share <= 0.95 THEN 'B' ELSE 'C' END AS class, count(*)
FROM cumulated GROUP BY class ORDER BY class;
-- gaps and islands of days with orders
WITH days AS (SELECT DISTINCT o_orderdate AS d FROM orders),
islands AS (SELECT d, date_diff('day', DATE '1992-01-01', d) - row_number() OVER (ORDER BY d) AS k FROM days)
SELECT min(d) AS starts, max(d) AS ends, count(*) AS n FROM islands GROUP BY k ORDER BY starts;
-- sessions by a pause of thirty days
WITH paused AS (
  SELECT o_custkey, o_orderdate,
         CASE WHEN o_orderdate - lag(o_orderdate) OVER w > 30 THEN 1 ELSE 0 END AS is_new
  FROM orders WINDOW w AS (PARTITION BY o_custkey ORDER BY o_orderdate, o_orderkey))
SELECT o_custkey, sum(is_new) + 1 AS sessions FROM paused GROUP BY o_custkey ORDER BY 1;
-- cohorts by the year of the first order
WITH firsts AS (SELECT o_custkey, year(min(o_orderdate)) AS cohort FROM orders GROUP BY o_custkey)
SELECT cohort, year(o_orderdate) - cohort AS age, count(DISTINCT o_custkey) AS customers
FROM orders JOIN firsts USING (o_custkey) GROUP BY 1, 2 ORDER BY 1, 2;
-- a funnel
SELECT count(*) AS orders, count(*) FILTER (WHERE shipped > 0) AS shipped,
       count(*) FILTER (WHERE returned > 0) AS returned
FROM (SELECT o_orderkey, count(l_shipdate) AS shipped,
             count(*) FILTER (WHERE l_returnflag = 'R') AS returned
      FROM orders LEFT JOIN lineitem ON o_orderkey = l_orderkey GROUP BY o_orderkey) AS steps;
-- pivot by hand
SELECT year(o_orderdate) AS y,
       sum(CASE WHEN o_orderpriority = '1-URGENT' THEN 1 ELSE 0 END) AS urgent,
       sum(if(o_orderpriority = '2-HIGH', 1, 0)) AS high,
       count(*) FILTER (WHERE o_orderpriority NOT IN ('1-URGENT', '2-HIGH')) AS other
FROM orders GROUP BY y ORDER BY y;
-- grouping sets by hand
SELECT n_regionkey, n_name, count(*) AS n FROM nation JOIN supplier ON s_nationkey = n_nationkey
GROUP BY 1, 2
UNION ALL SELECT n_regionkey, NULL, count(*) FROM nation JOIN supplier ON s_nationkey = n_nationkey
GROUP BY 1
UNION ALL SELECT NULL, NULL, count(*) FROM nation JOIN supplier ON s_nationkey = n_nationkey
ORDER BY 1, 2, 3;
-- customers with orders and without
SELECT c_custkey FROM customer EXCEPT SELECT o_custkey FROM orders ORDER BY 1;
-- nations of both suppliers and customers
SELECT s_nationkey AS k FROM supplier INTERSECT SELECT c_nationkey FROM customer ORDER BY k;
-- either, not both
(SELECT s_nationkey AS k FROM supplier EXCEPT SELECT c_nationkey FROM customer)
UNION (SELECT c_nationkey FROM customer EXCEPT SELECT s_nationkey FROM supplier) ORDER BY k;
-- the first order of each customer
SELECT DISTINCT ON (o_custkey) o_custkey, o_orderkey, o_orderdate FROM orders
ORDER BY o_custkey, o_orderdate, o_orderkey;
-- full outer join of two counts
WITH s AS (SELECT s_nationkey AS k, count(*) AS suppliers FROM supplier GROUP BY 1),
     c AS (SELECT c_nationkey AS k, count(*) AS customers FROM customer GROUP BY 1)
SELECT k, coalesce(suppliers, 0) AS s, coalesce(customers, 0) AS c FROM s FULL JOIN c USING (k)
ORDER BY k;
-- three relations by USING
WITH a AS (SELECT l_orderkey AS k, count(*) AS n FROM lineitem GROUP BY 1),
     b AS (SELECT o_orderkey AS k, o_custkey FROM orders),
     d AS (SELECT o_orderkey AS k, o_totalprice FROM orders WHERE o_totalprice > 1000)
SELECT k, n, o_custkey, o_totalprice FROM a LEFT JOIN b USING (k) RIGHT JOIN d USING (k) ORDER BY k;
-- quartiles and their edges
SELECT quartile, min(o_totalprice) AS least, max(o_totalprice) AS most, count(*) AS n
FROM (SELECT o_totalprice, ntile(4) OVER (ORDER BY o_totalprice, o_orderkey) AS quartile FROM orders)
GROUP BY quartile ORDER BY quartile;
-- percentiles by group
SELECT o_orderpriority, median(o_totalprice), quantile_cont(o_totalprice, 0.9),
       quantile_disc(o_orderdate, 0.5), stddev(o_totalprice), corr(o_totalprice, o_custkey)
FROM orders GROUP BY o_orderpriority ORDER BY 1;
-- distance to the best of the group
SELECT p_brand, p_partkey, p_retailprice,
       max(p_retailprice) OVER (PARTITION BY p_brand) - p_retailprice AS below,
       percent_rank() OVER (PARTITION BY p_brand ORDER BY p_retailprice) AS pr,
       cume_dist() OVER (ORDER BY p_retailprice) AS cd
FROM part ORDER BY 1, 2;
-- the value before that is known
SELECT o_orderkey, last_value(nullif(o_comment, 'NULL') IGNORE NULLS) OVER (
         ORDER BY o_orderkey ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS filled
FROM orders ORDER BY o_orderkey;
-- a window of thirty days
SELECT o_orderkey, count(*) OVER (
         PARTITION BY o_custkey ORDER BY o_orderdate
         RANGE BETWEEN INTERVAL 30 DAY PRECEDING AND CURRENT ROW) AS recent
FROM orders ORDER BY o_orderkey;
-- a window of values
SELECT p_partkey, count(*) OVER (ORDER BY p_size RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING) AS near,
       sum(p_size) OVER (ORDER BY p_size GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS around
FROM part ORDER BY 1;
-- ends of a frame
SELECT o_custkey, o_orderkey,
       first_value(o_orderkey) OVER w AS first_key, last_value(o_orderkey) OVER w AS last_key,
       nth_value(o_orderkey, 2) OVER w AS second_key, lead(o_totalprice, 1, 0) OVER v AS next_price
FROM orders
WINDOW w AS (PARTITION BY o_custkey ORDER BY o_orderdate, o_orderkey
             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
       v AS (PARTITION BY o_custkey ORDER BY o_orderdate, o_orderkey)
ORDER BY 1, 2;
-- ranking of groups
SELECT c_mktsegment, count(*) AS n, rank() OVER (ORDER BY count(*) DESC) AS r,
       dense_rank() OVER (ORDER BY sum(c_acctbal) DESC) AS by_money
FROM customer GROUP BY c_mktsegment ORDER BY r, c_mktsegment;
-- correlated average
SELECT o_orderkey, o_totalprice FROM orders AS o
WHERE o_totalprice > (SELECT avg(o_totalprice) FROM orders AS i WHERE i.o_custkey = o.o_custkey)
ORDER BY 1;
-- correlated in the SELECT list
SELECT c_custkey, (SELECT count(*) FROM orders WHERE o_custkey = c_custkey) AS n,
       (SELECT max(o_orderdate) FROM orders WHERE o_custkey = c_custkey) AS latest
FROM customer ORDER BY 1;
-- NOT IN and NOT EXISTS
SELECT count(*) FROM part WHERE p_partkey NOT IN (SELECT l_partkey FROM lineitem)
  AND NOT EXISTS (SELECT 1 FROM partsupp WHERE ps_partkey = p_partkey AND ps_availqty > 9000);
-- nested WITH
WITH a AS (WITH b AS (SELECT o_custkey, count(*) AS n FROM orders GROUP BY 1) SELECT * FROM b WHERE n > 1)
SELECT c_name, n FROM a JOIN customer ON o_custkey = c_custkey ORDER BY n DESC, c_name;
-- many joins of one relation, as in the join order benchmark
SELECT min(c.c_name), min(s.s_name), count(*)
FROM customer AS c JOIN orders AS o ON o.o_custkey = c.c_custkey
JOIN lineitem AS l ON l.l_orderkey = o.o_orderkey JOIN supplier AS s ON s.s_suppkey = l.l_suppkey
JOIN nation AS n1 ON n1.n_nationkey = c.c_nationkey JOIN nation AS n2 ON n2.n_nationkey = s.s_nationkey
JOIN region AS r ON r.r_regionkey = n1.n_regionkey AND r.r_regionkey = n2.n_regionkey
WHERE n1.n_name <> n2.n_name;
-- group by of h2o, two sums
SELECT o_orderpriority, o_orderstatus, sum(o_totalprice) AS v1, sum(o_shippriority) AS v2
FROM orders GROUP BY o_orderpriority, o_orderstatus ORDER BY ALL;
-- group by of h2o, largest two
SELECT o_orderpriority, o_totalprice FROM (
  SELECT o_orderpriority, o_totalprice,
         row_number() OVER (PARTITION BY o_orderpriority ORDER BY o_totalprice DESC, o_orderkey) AS n
  FROM orders WHERE o_totalprice IS NOT NULL) AS sub
WHERE n <= 2 ORDER BY 1, 2;
-- group by of h2o, range
SELECT o_orderstatus, max(o_totalprice) - min(o_totalprice) AS range_v1_v2 FROM orders
GROUP BY o_orderstatus ORDER BY 1;
-- group by of h2o, regression
SELECT o_orderpriority, power(corr(o_totalprice, o_custkey), 2) AS r2 FROM orders GROUP BY 1 ORDER BY 1;
-- texts
SELECT upper(left(c_name, 3)) || '-' || lpad_free AS code FROM (
  SELECT c_name, CAST(c_custkey % 100 AS VARCHAR) AS lpad_free FROM customer) AS x ORDER BY code;
-- more texts
SELECT split_part(c_phone, '-', 1) AS area, count(*), min(reverse(c_name)), max(length(c_comment)),
       bool_or(contains(c_comment, 'special')), count_if(starts_with(c_name, 'Customer'))
FROM customer GROUP BY area ORDER BY area;
-- dates
SELECT year(o_orderdate) AS y, quarter(o_orderdate) AS q, dayname(o_orderdate) AS d, count(*),
       min(o_orderdate + 7), max(o_orderdate - INTERVAL 1 MONTH), min(last_day(o_orderdate))
FROM orders GROUP BY ALL ORDER BY ALL;
-- more dates
SELECT l_orderkey, l_linenumber, date_diff('day', l_shipdate, l_receiptdate) AS days,
       l_receiptdate - l_commitdate AS late, strftime(l_shipdate, '%Y-%m') AS ym
FROM lineitem ORDER BY 1, 2;
-- rounding and buckets
SELECT floor(o_totalprice / 1000) * 1000 AS bucket, count(*), round(avg(o_totalprice), 2),
       round(sum(o_totalprice) / count(*), 1)
FROM orders GROUP BY bucket ORDER BY bucket;
-- CASE over a subquery
SELECT CASE WHEN c_acctbal > (SELECT avg(c_acctbal) FROM customer) THEN 'above' ELSE 'below' END AS side,
       count(*) FROM customer GROUP BY side ORDER BY side;
-- HAVING by a window's input
SELECT l_suppkey, sum(l_quantity) AS q FROM lineitem GROUP BY l_suppkey
HAVING count(*) > 1 AND sum(l_quantity) > 10 ORDER BY q DESC, l_suppkey;
-- two CTEs and a union, then an aggregate
WITH bought AS (SELECT o_custkey AS k, o_totalprice AS v FROM orders),
     owed AS (SELECT c_custkey AS k, c_acctbal AS v FROM customer),
     moves AS (SELECT k, v, 'bought' AS kind FROM bought UNION ALL SELECT k, v, 'owed' FROM owed)
SELECT k, sum(v) FILTER (WHERE kind = 'bought') AS bought, sum(v) AS net FROM moves
GROUP BY k ORDER BY k;
-- DISTINCT and LIMIT
SELECT DISTINCT c_mktsegment, c_nationkey FROM customer ORDER BY 1, 2 LIMIT 5 OFFSET 1;
-- a value list by UNION
SELECT v, count(o_orderkey) FROM (SELECT 'F' AS v UNION SELECT 'O' UNION SELECT 'P') AS s
LEFT JOIN orders ON o_orderstatus = v GROUP BY v ORDER BY v;
-- cross join
SELECT r_name, o_orderstatus, count(*) FROM region CROSS JOIN orders GROUP BY 1, 2 ORDER BY 1, 2;
-- ordering by an expression and NULLS FIRST
SELECT o_orderkey, o_comment FROM orders ORDER BY length(o_comment) DESC NULLS FIRST, o_orderkey LIMIT 9;
-- IS DISTINCT FROM and BETWEEN
SELECT count(*) FROM orders WHERE o_comment IS DISTINCT FROM 'x' AND o_totalprice BETWEEN 10 AND 9000;
