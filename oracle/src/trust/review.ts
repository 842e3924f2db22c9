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

/** All reviews in the order in which they were opened, and the ids of those that are open. */
type Reviews = { reviews: Review[]; openReviews: Set<string> }

/** Opens a review; one that is open already for the same reason stays the one. */
export function openReview(
  { reviews, openReviews }: Reviews,
  review: Omit<Review, 'reviewId' | 'status'>,
): Review | null {
  const reviewId = `${review.kind}:${review.subject}:${review.reason}`
  if (openReviews.has(reviewId)) return null
  const opened: Review = { ...review, reviewId, status: 'open' }
  openReviews.add(reviewId)
  reviews.push(opened)
  return opened
}

/** Closes every review that was opened for the reason. */
export function closeReviews({ reviews, openReviews }: Reviews, reason: string): void {
  for (const review of reviews) {
    if (review.reason !== reason) continue
    review.status = 'closed'
    openReviews.delete(review.reviewId)
  }
}
