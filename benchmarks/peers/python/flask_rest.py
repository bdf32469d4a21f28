"""Flask and SQLAlchemy under gunicorn, REST only: what the legacy service was."""

import os

from accounts import AccountRow, avatar_url
from flask import Flask, jsonify, request
from redis import Redis
from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker

app = Flask(__name__)
engine = create_engine(os.environ["PEER_SQLALCHEMY_SYNC_URL"], pool_size=10, max_overflow=0)
open_session = sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(os.environ["PEER_REDIS_URL"], decode_responses=True)


@app.get("/profile")
def get_profile():
    token = request.cookies.get("session")
    account_id = redis.get(f"session:{token}") if token else None
    if account_id is None:
        return jsonify(error="signed out"), 401
    with open_session() as session:
        row = session.execute(select(AccountRow).where(AccountRow.id == int(account_id))).scalar_one()
    return jsonify(
        id=str(row.id),
        mobile=row.mobile,
        name=row.name,
        avatarUrl=avatar_url(row),
        createdAt=row.created_at.isoformat(),
    )
