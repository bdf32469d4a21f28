"""Tables, migrations, engine and queries; nothing but SQLAlchemy."""
