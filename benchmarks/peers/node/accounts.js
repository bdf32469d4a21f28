// The data layer of the Node peers: the session from Redis, the account from PostgreSQL.
import { Redis } from 'ioredis'
import pg from 'pg'

export const pool = new pg.Pool({ connectionString: process.env.PEER_DATABASE_URL, max: 10 })
export const redis = new Redis(process.env.PEER_REDIS_URL)

export const typeDefs = `
  type Query { me: Account }
  type Account { id: ID!  mobile: String!  name: String!  avatarUrl: String  createdAt: String! }
`

// A named statement: pg prepares it once on each connection.
const SQL = 'SELECT id, mobile, name, avatar_key, created_at FROM accounts WHERE id = $1'

export async function findViewer(cookie) {
  const token = /(?:^|;\s*)session=([^;]*)/.exec(cookie ?? '')?.[1]
  const accountId = token && (await redis.get(`session:${token}`))
  if (!accountId) return null
  const { rows } = await pool.query({ name: 'account', text: SQL, values: [accountId] })
  return rows[0] ?? null
}

export const resolvers = {
  Account: {
    avatarUrl: (row) => (row.avatar_key ? `/avatars/${row.avatar_key}.webp` : null),
    createdAt: (row) => row.created_at.toISOString()
  }
}
