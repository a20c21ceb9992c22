"""What runs in core: no cost object, or one that had graduated by the day."""

# For days `d` of assignments `a`: no day has two spans, so the join adds no rows.
CORE_SPANS = """LEFT JOIN org_corespan c ON c.cost_object_id = a.cost_object_id
 AND d.reporting_day >= c.starts_on
 AND d.reporting_day < coalesce(c.ends_on, date 'infinity')"""
IS_CORE = "(a.cost_object_id IS NULL OR c.id IS NOT NULL)"
