-- why: back to a service that counts no attempts; the counters of the running windows are lost.
DROP TABLE throttle;
