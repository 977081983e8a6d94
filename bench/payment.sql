\set n random(1, :orders)
SELECT bucket, id, merchant_id AS merchant FROM bench_orders WHERE n = :n \gset o_
BEGIN;
SELECT * FROM sale_orders WHERE bucket = :o_bucket::smallint AND id = :o_id::text FOR UPDATE;
SELECT * FROM sale_order_lines WHERE bucket = :o_bucket::smallint AND order_id = :o_id::text ORDER BY position;
SELECT * FROM payment_facts WHERE bucket = :o_bucket::smallint AND order_id = :o_id::text ORDER BY ordinal;
SELECT * FROM allocation_usages WHERE bucket = :o_bucket::smallint AND order_id = :o_id::text ORDER BY order_id, id;
SELECT document FROM checkout_snapshots WHERE bucket = :o_bucket::smallint AND order_id = :o_id::text ORDER BY checkout DESC LIMIT 1;
UPDATE sale_orders SET version = version + 1, events = events + 1, updated_at = now() WHERE bucket = :o_bucket::smallint AND id = :o_id::text;
INSERT INTO payment_facts (bucket, order_id, ordinal, fact_key, type, source_type, source_id, amount, attempt_uid, at) SELECT :o_bucket::smallint, :o_id::text, version, gen_random_uuid()::text::bytea, 'mq-pay' || chr(58) || 'attempt.success', 'SaleOrder', :o_id::text, 1, gen_random_uuid(), now() FROM sale_orders WHERE bucket = :o_bucket::smallint AND id = :o_id::text;
INSERT INTO outbox (bucket, event_id, order_id, seq, merchant_id, topic, payload, occurred_at) SELECT :o_bucket::smallint, gen_random_uuid(), :o_id::text, events, :o_merchant::text, 'payment.success', repeat('x', 900), now() FROM sale_orders WHERE bucket = :o_bucket::smallint AND id = :o_id::text;
INSERT INTO webhook_log (bucket, id, received_at, event_type, body, outcome) VALUES (:o_bucket::smallint, gen_random_uuid(), now(), 'mq-pay' || chr(58) || 'attempt.success', repeat('x', 400)::bytea, 'applied');
INSERT INTO merchant_feeds (bucket, merchant_id, n) VALUES (:o_bucket::smallint, :o_merchant::text, 1) ON CONFLICT (bucket, merchant_id) DO UPDATE SET n = merchant_feeds.n + 1;
INSERT INTO history (bucket, merchant_id, n, topic, thing_id, order_id, action, version, status, at, by) SELECT :o_bucket::smallint, :o_merchant::text, n, 'observation/sale/sale-order', :o_id::text, :o_id::text, 'ORDER_PAYMENT_UPDATED', 2, 'PARTIAL', now(), 'mq-pay' FROM merchant_feeds WHERE bucket = :o_bucket::smallint AND merchant_id = :o_merchant::text;
COMMIT;
