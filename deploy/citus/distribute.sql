-- Spread Sale's tables over the nodes of a Citus cluster (README.md beside this file).
--
-- At the coordinator, as the tables' owner, after each `sale migrate`; what is spread already is left alone:
--     psql --set ON_ERROR_STOP=1 --file distribute.sql "$SALE_DATABASE_URL"
--
-- A table whose rows others point at comes before those.

-- Each shard gets 22 to 40 of the 1 024 buckets. More shards would be more uneven (with 128: 2 to 17) and dearer for the
-- few questions that ask all of them; fewer could not be spread over many nodes.
SET citus.shard_count = 32;

SELECT create_distributed_table('sale_orders', 'bucket', colocate_with => 'none')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'sale_orders'::regclass);

SELECT create_distributed_table('sale_order_lines', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'sale_order_lines'::regclass);

SELECT create_distributed_table('checkout_snapshots', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'checkout_snapshots'::regclass);

SELECT create_distributed_table('payment_facts', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'payment_facts'::regclass);

SELECT create_distributed_table('allocation_usages', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'allocation_usages'::regclass);

SELECT create_distributed_table('kitchen_tickets', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'kitchen_tickets'::regclass);

SELECT create_distributed_table('kitchen_ticket_items', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'kitchen_ticket_items'::regclass);

SELECT create_distributed_table('kitchen_stations', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'kitchen_stations'::regclass);

SELECT create_distributed_table('merchant_feeds', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'merchant_feeds'::regclass);

SELECT create_distributed_table('history', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'history'::regclass);

SELECT create_distributed_table('outbox', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'outbox'::regclass);

SELECT create_distributed_table('webhook_log', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'webhook_log'::regclass);

SELECT create_distributed_table('parked_payments', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'parked_payments'::regclass);

SELECT create_distributed_table('idempotency_keys', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'idempotency_keys'::regclass);

SELECT create_distributed_table('relay_layouts', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'relay_layouts'::regclass);

SELECT create_distributed_table('relay_shards', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'relay_shards'::regclass);

SELECT create_distributed_table('relay_offsets', 'bucket', colocate_with => 'sale_orders')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'relay_offsets'::regclass);

-- One row, which stays at the coordinator; so it can be asked for at any node.
SELECT citus_add_local_table_to_metadata('alembic_version')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'alembic_version'::regclass);
