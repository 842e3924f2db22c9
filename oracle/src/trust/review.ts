/** A matter that the operator's rules take up: an organisation, or the bond tier of an agent. */
export type Review = {
  reviewId: string
  kind: 'organization' | 'bondTier'
  subject: string
  /** What opened it: the id of a flag, or a code. */
  reason: string
  at: number
  status: 'open' | 'closed'
}

/** Opens a review; one that is open already for the same reason stays the one. */
export function openReview(
  state: { reviews: Review[] },
  review: Omit<Review, 'reviewId' | 'status'>,
): Review | null {
  const reviewId = `${review.kind}:${review.subject}:${review.reason}`
  if (state.reviews.some((open) => open.reviewId === reviewId && open.status === 'open'))
    return null
  const opened: Review = { ...review, reviewId, status: 'open' }
  state.reviews.push(opened)
  return opened
}
