-- Shapes of ClickBench's 43 queries over one wide table of page views, restated over fewer columns.

-- c00
SELECT count(*) FROM hits;
-- c01
SELECT count(*) FROM hits WHERE advengineid <> 0;
-- c02
SELECT sum(advengineid), count(*), avg(resolutionwidth) FROM hits;
-- c03
SELECT avg(userid) FROM hits;
-- c04
SELECT count(DISTINCT userid) FROM hits;
-- c05
SELECT count(DISTINCT searchphrase) FROM hits;
-- c06
SELECT min(eventdate), max(eventdate) FROM hits;
-- c07
SELECT advengineid, count(*) FROM hits WHERE advengineid <> 0 GROUP BY advengineid
ORDER BY count(*) DESC, advengineid;
-- c08
SELECT regionid, count(DISTINCT userid) AS u FROM hits GROUP BY regionid
ORDER BY u DESC, regionid LIMIT 10;
-- c09
SELECT regionid, sum(advengineid), count(*) AS c, avg(resolutionwidth), count(DISTINCT userid)
FROM hits GROUP BY regionid ORDER BY c DESC, regionid LIMIT 10;
-- c10
SELECT phonemodel, count(DISTINCT userid) AS u FROM hits WHERE phonemodel <> ''
GROUP BY phonemodel ORDER BY u DESC, phonemodel LIMIT 10;
-- c12
SELECT searchphrase, count(*) AS c FROM hits WHERE searchphrase <> '' GROUP BY searchphrase
ORDER BY c DESC, searchphrase LIMIT 10;
-- c15
SELECT userid, count(*) FROM hits GROUP BY userid ORDER BY count(*) DESC, userid LIMIT 10;
-- c16
SELECT userid, searchphrase, count(*) FROM hits GROUP BY userid, searchphrase
ORDER BY count(*) DESC, userid, searchphrase LIMIT 10;
-- c18
SELECT userid, extract(minute FROM eventtime) AS m, searchphrase, count(*) FROM hits
GROUP BY userid, m, searchphrase ORDER BY count(*) DESC, 1, 2, 3 LIMIT 10;
-- c19
SELECT userid FROM hits WHERE userid = 435090932899640449;
-- c20
SELECT count(*) FROM hits WHERE url LIKE '%google%';
-- c21
SELECT searchphrase, min(url), count(*) AS c FROM hits
WHERE url LIKE '%google%' AND searchphrase <> '' GROUP BY searchphrase
ORDER BY c DESC, searchphrase LIMIT 10;
-- c22
SELECT searchphrase, min(url), min(title), count(*) AS c, count(DISTINCT userid) FROM hits
WHERE title LIKE '%Google%' AND url NOT LIKE '%.google.%' AND searchphrase <> ''
GROUP BY searchphrase ORDER BY c DESC, searchphrase LIMIT 10;
-- c23
SELECT * FROM hits WHERE url LIKE '%google%' ORDER BY eventtime, watchid LIMIT 10;
-- c24
SELECT searchphrase FROM hits WHERE searchphrase <> '' ORDER BY eventtime, watchid LIMIT 10;
-- c26
SELECT searchphrase FROM hits WHERE searchphrase <> '' ORDER BY eventtime, searchphrase LIMIT 10;
-- c27
SELECT counterid, avg(length(url)) AS l, count(*) AS c FROM hits WHERE url <> ''
GROUP BY counterid HAVING count(*) > 5 ORDER BY l DESC, counterid LIMIT 25;
-- c28
SELECT regexp_replace(referer, '^https?://(?:www\.)?([^/]+)/.*$', '\1') AS k,
       avg(length(referer)) AS l, count(*) AS c, min(referer)
FROM hits WHERE referer <> '' GROUP BY k HAVING count(*) > 2 ORDER BY l DESC, k LIMIT 25;
-- c29
SELECT sum(resolutionwidth), sum(resolutionwidth + 1), sum(resolutionwidth + 2),
       sum(resolutionwidth + 3), sum(resolutionwidth + 4) FROM hits;
-- c30
SELECT searchengineid, clientip, count(*) AS c, sum(isrefresh), avg(resolutionwidth) FROM hits
WHERE searchphrase <> '' GROUP BY searchengineid, clientip ORDER BY c DESC, 1, 2 LIMIT 10;
-- c33
SELECT url, count(*) AS c FROM hits GROUP BY url ORDER BY c DESC, url LIMIT 10;
-- c34
SELECT 1, url, count(*) AS c FROM hits GROUP BY 1, url ORDER BY c DESC, url LIMIT 10;
-- c35
SELECT clientip, clientip - 1, clientip - 2, clientip - 3, count(*) AS c FROM hits
GROUP BY clientip, clientip - 1, clientip - 2, clientip - 3 ORDER BY c DESC, clientip LIMIT 10;
-- c36
SELECT url, count(*) AS pageviews FROM hits
WHERE counterid = 62 AND eventdate >= '2013-07-01' AND eventdate <= '2013-07-31'
  AND isrefresh = 0 AND url <> ''
GROUP BY url ORDER BY pageviews DESC, url LIMIT 10;
-- c39
SELECT traficsourceid, searchengineid, advengineid,
       CASE WHEN (searchengineid = 0 AND advengineid = 0) THEN referer ELSE '' END AS src,
       url AS dst, count(*) AS pageviews
FROM hits WHERE counterid = 62 AND eventdate >= '2013-07-01' AND isrefresh = 0
GROUP BY traficsourceid, searchengineid, advengineid, src, dst
ORDER BY pageviews DESC, 1, 2, 3, 4, 5 LIMIT 10 OFFSET 2;
-- c42
SELECT date_trunc('minute', eventtime) AS m, count(*) AS pageviews FROM hits
WHERE counterid = 62 AND isrefresh = 0 GROUP BY date_trunc('minute', eventtime)
ORDER BY date_trunc('minute', eventtime) LIMIT 10 OFFSET 1;
