/** Roles with passwords, memberships and settings, an owner of his own for most of it. */
export const ROLES = String.raw`
create role owner login password 'owner-secret-1';
create role reader nologin;
create role "odd ""role'; name" login password 'quote''d' connection limit 3 valid until '2031-01-01';
grant reader to owner with admin option;
grant reader to "odd ""role'; name";
alter role owner set statement_timeout to '1h';
comment on role reader is 'may; -- read';
`;

/** A schema with one of everything that PostgreSQL 13 and newer can hold and that Debian's packages bring. */
export const EVERYTHING = String.raw`
create extension pg_trgm;
create extension hstore;
create extension citext;
create schema shop authorization owner;
create schema "Odd schema. name";
alter default privileges for role owner in schema shop grant select on tables to reader;

set role owner;
create type shop.mood as enum ('good', 'it''s bad');
create domain shop.price as numeric(10, 2) check (value >= 0);
create table shop.products (
  id bigint generated always as identity primary key,
  name text not null collate "C",
  price shop.price,
  price_cents bigint generated always as (price * 100) stored,
  tags text[] default '{}', attributes jsonb, mood shop.mood, seen tstzrange, picture bytea
);
create sequence shop.numbers start 1000 increment 7;
select nextval('shop.numbers'), nextval('shop.numbers');
insert into shop.products (name, price, tags, attributes, mood, seen, picture)
  select 'product ' || i || E' \\ "quoted" \t\u00e9\u4e2d', i * 1.25, array['a,b', null, '"' || i],
    jsonb_build_object('n', i, 'text', repeat('x', i % 50)), (array['good', 'it''s bad'])[i % 2 + 1]::shop.mood,
    tstzrange(now() - i * interval '1 day', now()), decode(md5(i::text), 'hex')
  from generate_series(1, 2000) i;
create table shop.orders (
  id serial, day date not null, product bigint references shop.products, amount int check (amount > 0),
  primary key (id, day)
) partition by range (day);
create table shop.orders_2025 partition of shop.orders for values from ('2025-01-01') to ('2026-01-01');
create table shop.orders_2026 partition of shop.orders for values from ('2026-01-01') to ('2027-01-01');
insert into shop.orders (day, product, amount)
  select date '2025-06-01' + i % 500, i % 2000 + 1, i % 9 + 1 from generate_series(1, 5000) i;
create table shop.accounts (id int primary key, owner name default current_user, balance bigint);
insert into shop.accounts select i, case when i % 2 = 0 then 'owner' else 'other' end, 100 from generate_series(1, 100) i;
alter table shop.accounts enable row level security;
alter table shop.accounts force row level security;
create policy own on shop.accounts using (owner = current_user) with check (balance >= 0);
create view shop.cheap with (security_barrier) as select id, name from shop.products where price < 10;
create materialized view shop.totals as select product, sum(amount) as total from shop.orders group by product;
create unique index on shop.totals (product);
create index on shop.products using gin (attributes);
create index products_lower on shop.products (lower(name)) where price > 5;
create function shop.log() returns trigger language plpgsql as $body$
begin
  new.name := new.name || ';'; -- a ; in the body
  return new;
end $body$;
create trigger log before update on shop.products for each row execute function shop.log();
create function shop.twice(int) returns int language sql immutable as 'select $1 * 2';
create aggregate shop.product(int) (sfunc = int4mul, stype = int, initcond = '1');
create procedure shop.noop() language sql as 'select 1';
grant select, insert on shop.products to reader;
grant update (price) on shop.products to "odd ""role'; name";
comment on column shop.products.name is 'it''s a name; really';
reset role;

create table "Odd schema. name"."Table with ""quotes"" and 'others'; drop" ("Column, one" int, "c""2" text);
insert into "Odd schema. name"."Table with ""quotes"" and 'others'; drop" values (1, E'a\nb\\n'), (null, null), (3, '\N');
create unlogged table public.unlogged as select 1 as one;
create table public.empty (nothing int);
create table public."ünïcödé" (t citext, h hstore);
insert into public."ünïcödé" values ('Straße', 'a=>1, b=>NULL');
create index on public."ünïcödé" using gin (t gin_trgm_ops);
create statistics public.correlated on price, mood from shop.products;
select lo_from_bytea(0, decode(repeat('00ff', 50000), 'hex'));
select lo_from_bytea(424242, 'large'::bytea);
grant select on large object 424242 to reader;
create event trigger guard on ddl_command_end when tag in ('DROP SCHEMA') execute function event_nothing();
`.replace(
  'create event trigger',
  "create function event_nothing() returns event_trigger language plpgsql as 'begin end';\ncreate event trigger",
);

/** What belongs to the database itself. */
export const DATABASE_SETTINGS = String.raw`
alter database :"name" set search_path to "$user", shop, public;
alter database :"name" set work_mem to '7MB';
alter role owner in database :"name" set enable_seqscan to off;
alter database :"name" connection limit 42;
revoke connect on database :"name" from public;
grant connect on database :"name" to reader with grant option;
comment on database :"name" is 'the shop''s "data"';
`;

/** Changes, drops and adds all over the place, as a bad migration would. */
export const DAMAGE = String.raw`
drop table shop.orders cascade;
drop function event_nothing cascade;
update shop.products set price = 0;
delete from shop.accounts;
alter table shop.products add column extra int default 5;
create table shop.new_table as select 1 as one;
alter policy own on shop.accounts using (true);
drop extension hstore cascade;
select lo_unlink(424242);
select setval('shop.numbers', 5);
revoke select on shop.products from reader;
drop schema "Odd schema. name" cascade;
`;
