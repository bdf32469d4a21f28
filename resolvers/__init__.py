"""What the product does: one module for each thing a person does. No HTTP, no GraphQL, no environment."""
