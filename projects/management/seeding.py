"""Rows for the benches: invented leads, people and projects, written by the database itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from crm.models import Contact, Enterprise, FollowUp, Lead, LeadOwnerChange, LeadStageChange
from projects.management.benching import insert
from projects.models import Agreement, CapitalArrival, Credit, Occupancy, Project, StageChange
from zone.database import pinyin
from zone.models import Appointment, AuditEntry, Building, IndustryChain, Park, Space, Target, User

CHAINS = 4
PEOPLE = 20
PARKS = 5
PEOPLE_BY_ROLE = {
    "superuser": "bench1",
    "office": "bench18",
    "chain leader": "bench2",
    "specialist": "bench3",
    "park operator": "bench19",
}
PROJECTS_PER_LEADS = 10
# Drawn anew for each row: names that share few words, days over two years.
PLACES = "太原 长治 晋城 临汾 运城 大同 朔州 忻州 吕梁 阳泉 郑州 石家庄 保定 西安 济南 青岛 苏州"
MARKS = "华 信 远 科 恒 瑞 鑫 泰 诚 博 创 智 联 盛 宏 达 启 航 源 晟 嘉 润 凯 锐 腾 卓 弘 景 尚 德"
GOODS = """储能材料 正极材料 负极材料 光伏组件 风电主轴 液压元件 减速机 传感器 芯片封装 显示模组
  医用导管 中药饮片 体外诊断 机器人本体 数控机床 电解液 隔膜 氢燃料电池 智能矿灯 工业软件"""
KINDS = "项目 扩建项目 产业化项目 研发中心 生产基地 技改项目"
FORM = "有限公司"
NAMES, POSTS = "王 李 张 刘 陈 杨 赵 黄 周 吴", "经理 总 主任 工"
GIN_INDEXES = """SELECT c.oid::regclass::text, pg_get_indexdef(c.oid) FROM pg_class c
  JOIN pg_am ON pg_am.oid = c.relam WHERE amname = 'gin'
  AND c.relnamespace = current_schema()::regnamespace"""
DAY = "timestamptz '2024-01-01' + random() * interval '730 days'"


def words(choices: str) -> str:
    """Return SQL for one of the words, by chance."""
    listed = [f"'{word}'" for word in choices.split()]
    return f"(ARRAY[{', '.join(listed)}])[1 + floor(random() * {len(listed)})::int]"


def key_of(name: str, *choices: str) -> str:
    """Return SQL for the key that a name made of these words is sorted and found by."""
    known = sorted({*" ".join(choices).split()}, key=len, reverse=True)
    read, initials = name, f"translate({name}, '0123456789', '')"
    for word in known:
        spelt, first = pinyin.key(word).split(pinyin.INITIALS)
        read = f"replace({read}, '{word}', '{spelt}')"
        initials = f"replace({initials}, '{word}', '{first}')"
    return f"{read} || '{pinyin.INITIALS}' || {initials}"


def numbered(table: str, count: str = "") -> str:
    """Return a FROM item with the ids of a table, numbered from 0."""
    limit = f" LIMIT {count}" if count else ""
    return f"(SELECT id, row_number() OVER () - 1 AS k FROM {table}{limit})"


def statements() -> list[str]:
    """Return the statements that fill the database, in their order."""
    company = f"{words(PLACES)} || {words(MARKS)} || {words(MARKS)} || {words(GOODS)}"
    title = f"{words(GOODS)} || n || {words(KINDS)}"
    person = f"{words(NAMES)} || {words(POSTS)}"
    return [
        insert(
            IndustryChain,
            "FROM generate_series(1, %(chains)s) n",
            code="'bench-' || n",
            name="'产业链' || n",
            position="n",
        ),
        insert(
            Park,
            "FROM generate_series(1, %(parks)s) n",
            code="'bench-' || n",
            name="'园区' || n",
            kind="CASE WHEN n = 1 THEN 'PLATFORM' ELSE 'PARK' END",
            position="n",
        ),
        insert(
            User,
            "FROM generate_series(1, %(people)s) n",
            username="'bench' || n",
            password="'!'",
            is_superuser="n = 1",
            display_name="'人员' || n",
        ),
        # As in PEOPLE_BY_ROLE; 20 is a service agent, all others are specialists.
        insert(
            Appointment,
            f"""FROM (SELECT id, substr(username, 6)::int AS n FROM zone_user) u
              JOIN zone_industrychain c ON c.position = 1 + n %% %(chains)s
              JOIN {numbered("zone_park")} p ON p.k = 1 WHERE n > 1""",
            user_id="u.id",
            role="""CASE n WHEN 2 THEN 'CHAIN_LEADER' WHEN 18 THEN 'OFFICE'
              WHEN 19 THEN 'PARK_OPERATOR' WHEN 20 THEN 'SERVICE_AGENT' ELSE 'SPECIALIST' END""",
            chain_id="CASE WHEN n < 18 THEN c.id END",
            park_id="CASE WHEN n = 19 THEN p.id END",
            starts_on="date '2024-01-01'",
        ),
        insert(
            Enterprise,
            f"""FROM (SELECT n, {company} || n || '{FORM}' AS name
                FROM generate_series(1, %(leads)s / 2) n) e
              JOIN {numbered("zone_industrychain")} c ON c.k = n %% %(chains)s""",
            name="e.name",
            exact_key="'bench' || n",
            name_key="'bench' || n",
            sort_key=key_of("e.name", PLACES, MARKS, GOODS, FORM),
            chain_id="c.id",
        ),
        insert(
            Contact,
            f"FROM (SELECT id, row_number() OVER () AS n, {person} AS name FROM crm_enterprise) e",
            enterprise_id="e.id",
            name="e.name",
            sort_key=key_of("e.name", NAMES, POSTS),
            phone="'139' || lpad((n %% 100000000)::text, 8, '0')",
            phone_key="md5(n::text)",
            phone_end_key="md5((n %% 10000)::text)",
            retain_until="date '2030-01-01'",
        ),
        insert(
            Lead,
            f"""FROM (SELECT n, {DAY} AS at, random() AS r, {title} AS title
                FROM generate_series(1, %(leads)s) n) l
              JOIN (SELECT e.id, e.chain_id, c.id AS contact_id, row_number() OVER () - 1 AS k
                FROM crm_enterprise e JOIN crm_contact c ON c.enterprise_id = e.id) e
                ON e.k = n %% (%(leads)s / 2)
              JOIN {numbered("zone_user WHERE username <> 'bench1'", "16")} u ON u.k = n %% 16""",
            title="l.title",
            sort_key=key_of("l.title", GOODS, KINDS),
            source="'OWN'",
            planned_investment_wan="1000 + floor(random() * 90000)",
            stage="""(ARRAY['NEW','SCREENED','NEGOTIATING','AGREEING','LOST'])
              [1 + floor(random() * 5)::int]""",
            registered_at="l.at",
            next_follow_up_on="(l.at + random() * interval '90 days')::date",
            enterprise_id="e.id",
            contact_id="e.contact_id",
            chain_id="e.chain_id",
            owner_id="CASE WHEN r > 0.1 THEN u.id END",
        ),
        insert(
            Project,
            f"""FROM (SELECT *, row_number() OVER () AS n FROM crm_lead
                WHERE owner_id IS NOT NULL) l
              JOIN {numbered("zone_park")} p ON p.k = n %% %(parks)s
              JOIN zone_user a ON a.username = 'bench20'
              WHERE n <= %(leads)s / %(per)s""",
            code="'CZGX-2025-' || lpad(n::text, 6, '0')",
            name="title",
            sort_key="l.sort_key",
            enterprise_id="enterprise_id",
            chain_id="chain_id",
            park_id="p.id",
            stage="(ARRAY['SIGNED','LANDED','STARTED','BUILDING'])[1 + floor(random() * 4)::int]",
            total_investment_wan="planned_investment_wan",
            handler_id="owner_id",
            service_agent_id="CASE WHEN n %% 100 = 0 THEN a.id END",
            lead_id="l.id",
        ),
        insert(
            FollowUp,
            """FROM crm_lead l JOIN zone_user u ON u.id = l.owner_id,
              generate_series(1, 2) WHERE random() < 0.25""",
            lead_id="l.id",
            kind="(ARRAY['CALL','VISIT','MEETING'])[1 + floor(random() * 3)::int]",
            happened_on=f"({DAY})::date",
            summary=f"'洽谈' || {words(GOODS)} || '，' || {words(KINDS)}",
            by_id="owner_id",
        ),
        # The form of a lead that was courted for long.
        insert(
            FollowUp,
            """FROM (SELECT * FROM crm_lead WHERE owner_id IS NOT NULL ORDER BY id LIMIT 1) l,
              generate_series(1, 60) n""",
            lead_id="l.id",
            kind="'CALL'",
            happened_on="date '2025-01-01' + n",
            summary="'电话' || n",
            by_id="owner_id",
        ),
        insert(
            LeadStageChange,
            "FROM crm_lead WHERE stage <> 'NEW'",
            lead_id="id",
            from_stage="'NEW'",
            to_stage="stage",
            on="registered_at::date + 3",
            by_id="owner_id",
        ),
        insert(
            LeadOwnerChange,
            "FROM crm_lead WHERE owner_id IS NOT NULL AND random() < 0.2",
            lead_id="id",
            to_owner_id="owner_id",
            on="registered_at::date",
        ),
        insert(
            StageChange,
            "FROM projects_project",
            project_id="id",
            from_stage="'RESERVED'",
            to_stage="stage",
            from_status="'ACTIVE'",
            to_status="'ACTIVE'",
            on="date '2025-01-01' + floor(random() * 300)::int",
        ),
        insert(
            Agreement,
            "FROM projects_project",
            project_id="id",
            kind="'FORMAL'",
            signed_on="date '2025-01-01' + (random() * 270)::int",
            amount_wan="total_investment_wan",
            recognised_on="CASE WHEN random() < 0.8 THEN date '2025-12-31' END",
        ),
        insert(
            CapitalArrival,
            "FROM projects_project WHERE random() < 0.5",
            project_id="id",
            arrived_on="date '2025-01-01' + (random() * 330)::int",
            amount_wan="100 + floor(random() * 900)",
            origin="'CITY'",
            use="'FIXED_ASSETS'",
        ),
        insert(
            Building,
            "FROM zone_park, generate_series(1, 10) n",
            park_id="zone_park.id",
            name="'楼' || n",
        ),
        insert(
            Space,
            "FROM zone_building b, generate_series(1, 20 + %(leads)s / 2000) n",
            park_id="b.park_id",
            building_id="b.id",
            code="b.name || '-' || n",
            kind="'PLANT'",
            area_m2="100 + floor(random() * 2000)",
        ),
        insert(
            Occupancy,
            """FROM (SELECT id, row_number() OVER () AS n FROM zone_space) s
              JOIN (SELECT id, enterprise_id, row_number() OVER () AS n FROM projects_project) p
                USING (n)""",
            space_id="s.id",
            enterprise_id="p.enterprise_id",
            project_id="p.id",
            period="daterange('2025-01-01', NULL)",
        ),
        insert(
            AuditEntry,
            "FROM crm_lead l JOIN zone_user u ON u.id = l.owner_id WHERE random() < 0.25",
            action="'CREATED'",
            by_id="u.id",
            by_name="u.display_name",
            door="'ADMIN'",
            model="'crm.lead'",
            object_id="l.id::text",
            object_name="l.title",
            changes="""jsonb_build_object('title', jsonb_build_array('', l.title),
              'stage', jsonb_build_array('', l.stage))""",
        ),
        *(
            insert(Target, "", year="2025", measure=f"'{measure}'", value=value)
            for measure, value in (("SIGNED_AMOUNT", "2390000"), ("SIGNED_PROJECTS", "40"))
        ),
    ]


def credits() -> str:
    """Return what adds the whole share of some projects that have none yet."""
    return insert(
        Credit,
        """FROM (SELECT id, handler_id FROM projects_project p WHERE NOT EXISTS
          (SELECT FROM projects_credit WHERE project_id = p.id) LIMIT 4000) p""",
        project_id="p.id",
        specialist_id="handler_id",
        share="100",
    )


def seed(leads: int) -> float:
    """Fill an empty database with ``leads`` leads and what belongs to them; return the seconds."""
    counts = {"leads": leads, "chains": CHAINS, "people": PEOPLE, "parks": PARKS}
    counts["per"] = PROJECTS_PER_LEADS
    started = time.perf_counter()
    with connection.cursor() as cursor, search_indexes_made_last(cursor):
        cursor.execute("SELECT setseed(0.5)")
        for statement in statements():
            cursor.execute(statement, counts)
        # The trigger of shares locks each project: a transaction has room for some thousand locks.
        while cursor.rowcount:
            cursor.execute(credits())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return time.perf_counter() - started


@contextmanager
def search_indexes_made_last(cursor) -> Iterator[None]:
    """Have the indexes of searches built of all rows at once, in memory.

    Within a transaction they stay: deferred triggers still wait for these rows.
    """
    cursor.execute(GIN_INDEXES)
    found = [] if connection.in_atomic_block else cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for _name, definition in found:
        cursor.execute(definition)
    cursor.execute("RESET maintenance_work_mem")
