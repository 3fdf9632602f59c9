/** Those who use it: one that owns it, one that works on it, one that only looks. */
export const PAGILA_ROLES = String.raw`
create role pagila nologin;
create role pagila_reader nologin;
create role pagila_app login password 'rent-a-film' connection limit 20;
grant pagila_reader to pagila_app;
alter role pagila_app set lock_timeout to '5s';`;

/**
 * The well-known sample schema of a shop that rents films, written anew in its shape: enums and domains, foreign keys both
 * ways, a full-text column kept by a trigger, payments in partitions, views over views, an aggregate, functions that run
 * as their owner, grants on all of it, and rows made by counting.
 */
export const PAGILA = String.raw`
grant create on schema public to pagila;
set role pagila;
create type mpaa_rating as enum ('G', 'PG', 'PG-13', 'R', 'NC-17');
create domain year as integer check (value >= 1901 and value <= 2155);
create function last_updated() returns trigger language plpgsql as $$ begin new.last_update = '2022-02-15 10:02:19+00'; return new; end $$;
create function _group_concat(text, text) returns text language sql immutable as $_$
select case when $2 is null then $1 when $1 is null then $2 else $1 || ', ' || $2 end $_$;
create aggregate group_concat(text) (sfunc = _group_concat, stype = text);
create function last_day(timestamptz) returns date language sql immutable strict as $_$
select (date_trunc('month', $1 at time zone 'UTC') + interval '1 month - 1 day')::date $_$;
create table language (language_id serial primary key, name character(20) not null, last_update timestamptz not null default now());
create table category (category_id serial primary key, name text not null, last_update timestamptz not null default now());
create sequence actor_actor_id_seq;
create table actor (actor_id integer default nextval('actor_actor_id_seq') primary key, first_name text not null, last_name text not null, last_update timestamptz not null default now());
create index idx_actor_last_name on actor (last_name);
create table film (
  film_id serial primary key, title text not null, description text, release_year year,
  language_id integer not null references language on update cascade on delete restrict,
  original_language_id integer references language (language_id) on update cascade on delete restrict,
  rental_duration smallint not null default 3, rental_rate numeric(4, 2) not null default 4.99, length smallint,
  replacement_cost numeric(5, 2) not null default 19.99, rating mpaa_rating default 'G', last_update timestamptz not null default now(),
  special_features text[], fulltext tsvector not null);
create index film_fulltext_idx on film using gist (fulltext);
create index idx_title on film (title);
create table film_actor (actor_id integer references actor on update cascade on delete restrict, film_id integer references film on update cascade on delete restrict,
  last_update timestamptz not null default now(), primary key (actor_id, film_id));
create table film_category (film_id integer references film, category_id integer references category, primary key (film_id, category_id));
create table store (store_id serial primary key, manager_staff_id integer not null);
create table staff (staff_id serial primary key, username text not null, activebool boolean not null default true, password text, picture bytea,
  store_id integer not null references store);
create unique index idx_unq_manager_staff_id on store (manager_staff_id);
create table customer (customer_id serial primary key, store_id integer not null references store, first_name text not null, email text,
  activebool boolean not null default true, create_date date not null default current_date, last_update timestamptz default now());
create table inventory (inventory_id serial primary key, film_id integer not null references film, store_id integer not null references store);
create table rental (rental_id serial primary key, rental_date timestamptz not null, inventory_id integer not null references inventory,
  customer_id integer not null references customer, return_date timestamptz, staff_id integer not null references staff);
create unique index idx_unq_rental on rental (rental_date, inventory_id, customer_id);
create table payment (payment_id serial, customer_id integer not null, staff_id integer not null, rental_id integer not null, amount numeric(5, 2) not null,
  payment_date timestamptz not null, primary key (payment_date, payment_id)) partition by range (payment_date);
create table payment_p2022_01 partition of payment for values from ('2022-01-01 00:00:00+00') to ('2022-02-01 00:00:00+00');
create table payment_p2022_02 partition of payment for values from ('2022-02-01 00:00:00+00') to ('2022-03-01 00:00:00+00');
create table payment_rest partition of payment default;
alter table payment_p2022_01 add constraint payment_p2022_01_rental_fkey foreign key (rental_id) references rental;
create index idx_fk_payment_p2022_01_customer_id on payment_p2022_01 (customer_id);
create trigger film_fulltext_trigger before insert or update on film for each row
  execute function tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description');
create trigger last_updated before update on film for each row execute function last_updated();
create trigger last_updated before update on actor for each row execute function last_updated();
insert into language (name) values ('English'), ('Italian'), ('日本語'), ('Français');
insert into category (name) values ('Action'), ('Children'), ('Sci-Fi');
insert into actor (first_name, last_name) select 'FIRST' || i, 'LAST' || i % 40 from generate_series(1, 200) i;
insert into film (title, description, release_year, language_id, length, rating, special_features)
  select 'ACADEMY ' || i, E'A Epic Drama of a "Feminist" & a Mad Scientist\nwho must Battle a Teacher #' || i, 2006, 1 + i % 4, 46 + i % 140,
    (enum_range(null::mpaa_rating))[1 + i % 5], case when i % 7 = 0 then null else array['Trailers', 'Behind the "Scenes"'] end from generate_series(1, 1000) i;
insert into film_actor (actor_id, film_id) select 1 + i * 7 % 200, 1 + i % 1000 from generate_series(1, 1000) i;
insert into film_category select film_id, 1 + film_id % 3 from film;
insert into store (manager_staff_id) values (1), (2);
insert into staff (username, password, picture, store_id) values ('Mike', '8cb2237d0679ca88db6464eac60da96345513964', '\x89504e470d0a1a0a5a0a', 1), ('Jon', null, null, 2);
alter table store add constraint store_manager_staff_id_fkey foreign key (manager_staff_id) references staff deferrable initially deferred;
insert into customer (store_id, first_name, email) select 1 + i % 2, 'NAME' || i, 'name' || i || '@example.org' from generate_series(1, 599) i;
insert into inventory (film_id, store_id) select 1 + i % 1000, 1 + i % 2 from generate_series(1, 4500) i;
insert into rental (rental_date, inventory_id, customer_id, return_date, staff_id)
  select '2022-01-24 00:00+00'::timestamptz + i * interval '3 minutes', 1 + i % 4500, 1 + i % 599,
    case when i % 90 = 0 then null else '2022-02-01 00:00+00'::timestamptz + i * interval '3 minutes' end, 1 + i % 2 from generate_series(1, 16000) i;
insert into payment (customer_id, staff_id, rental_id, amount, payment_date) select customer_id, staff_id, rental_id, rental_id % 12 + 0.99, rental_date from rental;
create function inventory_in_stock(p_inventory_id integer) returns boolean language plpgsql as $_$
begin
  return not exists (select from rental where inventory_id = p_inventory_id and return_date is null);
end $_$;
create function film_in_stock(p_film_id integer, p_store_id integer, out p_film_count integer) returns setof integer language sql as $_$
  select inventory_id from inventory where film_id = $1 and store_id = $2 and inventory_in_stock(inventory_id) order by 1; $_$;
create function rewards_report(min_payments integer) returns setof customer language plpgsql security definer set search_path to public as $_$
begin
  return query select c.* from customer c where (select count(*) from payment p where p.customer_id = c.customer_id) >= min_payments;
end $_$;
create view film_list as select film.film_id as fid, film.title, category.name as category, film.rental_rate as price, film.rating,
    group_concat(actor.first_name || ' ' || actor.last_name order by actor.actor_id) as actors
  from film left join film_category using (film_id) left join category using (category_id) left join film_actor on film_actor.film_id = film.film_id
  left join actor using (actor_id) group by film.film_id, film.title, film.description, category.name, film.rental_rate, film.rating;
create view actor_info as select a.actor_id, (select count(*) from film_list l where l.actors like '%' || a.first_name || '%') as films from actor a;
create view sales_by_store as select s.store_id, sum(p.amount) as total_sales from payment p join rental using (rental_id) join inventory using (inventory_id)
  join store s using (store_id) group by s.store_id;
create materialized view rental_by_category as select c.name as category, sum(p.amount) as total_sales from payment p join rental using (rental_id)
  join inventory using (inventory_id) join film_category using (film_id) join category c using (category_id) group by c.name;
create unique index rental_category on rental_by_category (category);
create rule no_language as on delete to language do instead nothing;
comment on table film is 'What can be rented; it''s "all"';
grant usage on schema public to pagila_reader;
grant select on all tables in schema public to pagila_reader;
grant insert, update on customer, rental, payment to pagila_app;
grant update (activebool) on staff, customer to pagila_app;
grant usage on all sequences in schema public to pagila_app with grant option;
revoke execute on function rewards_report(integer) from public;
grant execute on function rewards_report(integer) to pagila_app;
alter default privileges in schema public grant select on tables to pagila_reader;
`;
