/** Objectives, optimisers, schedules, training steps. */
package dev.cutaway.train;
